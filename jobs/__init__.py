"""What runs in the background. Each job is one service call, safe to run twice."""
