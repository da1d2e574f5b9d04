import os
from urllib.parse import parse_qs

numbers = parse_qs(os.environ["QUERY_STRING"])
try:
    total = sum(float(numbers[name][0]) for name in ("a", "b"))
except (KeyError, ValueError):
    print("Status: 400 Bad Request\nContent-Type: text/plain\n\na and b must be numbers")
else:
    print(f"Content-Type: text/plain\n\n{total:g}")
