"""The management API's description (OpenAPI 3.1), made from the code that serves it; `make openapi` writes it to docs/.

Routes are those that the functions register, rules the constants that their readers check, answers what their shapes
make of a sample, errors the one table of `parley.errors`. What cannot be made so is text; a route, parameter, key or
error without its text here fails the build. No function imports any of this.
"""
