"""`python -m service`: serve with the settings of the environment."""

if __name__ == "__main__":
    # Imported here, since every process of the service imports this file again as it starts.
    import sys

    from features.domain.errors import WaymarkError
    from features.settings import read_settings
    from service.serve import serve

    try:
        serve(read_settings())
    except WaymarkError as error:
        sys.exit(error.detail)
