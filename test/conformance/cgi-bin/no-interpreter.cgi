#!/no/such/interpreter
# secret
