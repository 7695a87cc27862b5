"""Work the arithmetic in a question, exactly and within bounds."""

import ast
import operator
import re
from collections.abc import Callable
from fractions import Fraction

_MAX_LENGTH = 200
_MAX_BITS = 4000
_SPOKEN = {r"\bplus\b": "+", r"\bminus\b": "-", r"\b(times|multiplied by)\b": "*", r"\bdivided by\b": "/"}
_SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "^": "*"})
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
_EXPRESSION = re.compile(r"(?<![\w.])[(\-]{0,8}\d[\d\s.()*/%+-]*[\d)](?![\w])")
_BARE = re.compile(r"\d+[/-]\d+")
"""As likely a date, a score or a range as a sum: worked out only where the question is little else."""
_ASKS = re.compile(r"\s*+(((what|how much) is|what's|calculate|compute|work out)\s*+)?[(\d-]", re.IGNORECASE)
_OPERATORS: dict[type[ast.AST], Callable[..., Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


def work_out(question: str) -> str | None:
    """Return `expression = value` for the longest arithmetic in the question, None where there is none."""
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", question.replace("^", "**").translate(_SIGNS))
    for spoken, sign in _SPOKEN.items():
        text = re.sub(spoken, sign, text, flags=re.IGNORECASE)
    for found in sorted(_EXPRESSION.findall(_DATE.sub(" ", text)), key=len, reverse=True):
        expression = " ".join(found.split())
        if len(expression) > _MAX_LENGTH or (_BARE.fullmatch(expression) and not _ASKS.match(text)):
            continue
        try:
            tree = ast.parse(re.sub(r"(?<![\d.])0+(?=\d)", "", expression), mode="eval").body
            if isinstance(tree, ast.BinOp):
                return f"{expression} = {_written(_value(tree))}"
        except ZeroDivisionError:
            return f"{expression} has no value: it divides by zero"
        except (SyntaxError, ValueError, OverflowError):
            continue
    return None


def _value(node: ast.AST) -> Fraction:
    match node:
        case ast.Constant(value=int() | float() as number):
            return Fraction(str(number))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(operand))
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_value(left), _value(right))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(left), _value(right))
    raise ValueError("not arithmetic")


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if exponent.denominator != 1 or bits * abs(exponent.numerator) > _MAX_BITS:
        raise OverflowError("too large to work out")
    return base ** int(exponent)


def _written(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    return f"{float(value):.12g}"
