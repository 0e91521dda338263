"""Tests of a CloudFormation template: see README.md beside this."""
