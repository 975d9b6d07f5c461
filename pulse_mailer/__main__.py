"""`python -m pulse_mailer`, and the command `pulse-mailer`."""

from pulse_mailer.cli import main

if __name__ == "__main__":
    main()
