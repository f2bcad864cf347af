"""What is told to people, once: crossings, falls behind pace, drops, what is late or overdue."""
