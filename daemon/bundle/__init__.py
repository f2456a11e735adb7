"""What an installation may tell of itself to somebody who helps from outside."""
