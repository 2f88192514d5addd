def osdebug(level, *log_level):
    pass
