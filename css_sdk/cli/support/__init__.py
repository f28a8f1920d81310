"""Code that several commands share: options, questions, tables, files, and carrying out plans."""
