"""What can be typed after ``certlink``? One module for each kind of command."""
