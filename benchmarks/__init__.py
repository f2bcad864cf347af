"""What ``make bench`` runs: times as ratios against a floor measured in the same run, never as a test."""
