"""`python -m splmini` is the command line."""

from splmini.cli import main

if __name__ == "__main__":
    main()
