"""``python -m daemon``: the same as the ``trueup`` command."""

from daemon.cli import main

if __name__ == "__main__":
    main()
