"""`python -m training.cli`: the command `waymark` of this very interpreter."""

from training.cli.main import main

if __name__ == "__main__":
    main()
