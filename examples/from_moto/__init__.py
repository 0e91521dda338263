"""A program whose tests moved from moto: see README.md beside this."""
