"""Which module comes next: collaborative and sequential components and their blend."""
