"""Which lines are asked for: those that may tell of trouble.

One expression does for CloudWatch's filter patterns, which know letters, digits, ``| [] ? * + . ^ $ \\s \\d`` and no
parentheses (Filter pattern syntax, "Supported regular expressions"), and for Python. It finds more than errors: what
was logged as often before is no news, and is told apart by counting.
"""

import re

TROUBLE = re.compile(
    r"[Ee]rror|ERROR|[Ee]xception|EXCEPTION|Traceback|CRITICAL|[Ff]atal|FATAL|[Ww]arn|WARN|[Pp]anic|[Kk]illed|"
    r"[Ff]ailed|FAILED|[Tt]imed?.?out|TIMEOUT|[Oo]ut.of.memory|OOM|[Dd]enied|[Tt]hrottl|[Rr]efused|[Uu]navailable|"
    r"HTTP.1...\s5\d\d"
)
PATTERN = f"%{TROUBLE.pattern}%"
"""As CloudWatch wants it; at most 1,024 characters."""
