"""What readiness and metrics ask for."""
