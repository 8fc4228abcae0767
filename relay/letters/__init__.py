"""Dead letters for operators: listed, shown, and written back to where they came from."""
