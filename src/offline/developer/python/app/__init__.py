{{summary_docstring}}
