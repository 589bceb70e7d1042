"""What may go wrong, each as a small class that makes it go wrong."""
