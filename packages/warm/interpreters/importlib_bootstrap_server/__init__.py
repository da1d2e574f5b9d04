"""The fork server's parts. They import modules written in C only, so that a script finds no other module loaded."""
