"""Child processes: started, watched, ended, under which user."""
