"""What Airflow runs: the only rooms that import Airflow. Each task is a few lines around plain functions."""
