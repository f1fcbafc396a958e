"""`make bench`: figures with their aims, as ratios and CPU times of one run; wall clocks lie here."""
