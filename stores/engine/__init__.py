"""What stores on database engines share.

- `language.py`: terms, and the language they are told from
- `payload.py`: documents and chunks as flat values; `sortable.py`: values as strings that sort alike
- `generations.py`: which rows are seen where there are no transactions
- `top_k.py`: the k best of equal scores; `batches.py`: requests of a bearable size
"""
