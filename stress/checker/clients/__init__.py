"""What clients asked for, and what their answers promise."""
