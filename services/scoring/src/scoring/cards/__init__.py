"""Scorecards as people write them: read, checked to the line, described for editors, put back into words."""
