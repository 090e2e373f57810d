"""The commands, by what they are for: each file has their functions, and add_commands that declares them."""
