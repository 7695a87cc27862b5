"""Work the arithmetic in a question, exactly and within bounds."""

import ast
import operator
import re
from collections.abc import Callable
from fractions import Fraction

from ..expressions import parse_expression

_MAX_LENGTH = 200
_LONGEST_CLAUSE = 1000
"""Characters above which nothing is looked for: whatever it says beside a sum, it asks for more."""
_MAX_BITS = 4000
_SPOKEN = {r"\bplus\b": "+", r"\bminus\b": "-", r"\b(times|multiplied by)\b": "*", r"\bdivided by\b": "/"}
_SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "^": "*"})
_AMOUNT = r"\d+(?:\.\d+)?"
_SHARES = {
    rf"({_AMOUNT})\s*(?:%|percent\b|per cent\b)\s*of ({_AMOUNT})": r"\1 / 100 * \2",
    rf"\b(?:a )?half (?:of )?({_AMOUNT})": r"1/2 * \1",
    rf"\b(?:a|one) third of ({_AMOUNT})": r"1/3 * \1",
    rf"\b(?:a|one) quarter of ({_AMOUNT})": r"1/4 * \1",
    rf"\b(?:twice|double) ({_AMOUNT})": r"2 * \1",
}
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
_CLAUSE = re.compile(r"[?!;\n]|\.(?=\s|$)")
_EXPRESSION = re.compile(r"(?<![\w.,:])[(\-]{0,8}\d[\d\s.()*/%+-]*[\d)](?![\w])")
_BARE = re.compile(r"\d+[/-]\d+")
"""As likely a date, a score or a range as a sum: worked out only where the question is little else."""
_ASKS = re.compile(r"\s*+(((what|how much) is|what's|calculate|compute|work out)\s*+)?[(\d-]", re.IGNORECASE)
_FRAME = frozenset(
    "a an and answer are be by calculate can come comes compute could do does equal equals evaluate exactly find "
    "for give gives hello hi how i if is it just know like make makes me much need now number numbers of out please "
    "question quick quickly result results s say so solve tell thank thanks that the then this to value want we "
    "what which who will work would you , . : = ' \" ` “ ” ‘ ’ ( ) $".split()
)
"""What may stand around a sum without changing it: whatever else does, it may ask for another number."""
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
    """Return `expression = value` for the one sum that a question asks for, None where it asks for anything else."""
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", question.replace("^", "**").translate(_SIGNS))
    for spoken, sign in _SPOKEN.items():
        text = re.sub(spoken, sign, text, flags=re.IGNORECASE)
    clauses = [" ".join(clause.split()) for clause in _CLAUSE.split(text)]
    short = {_DATE.sub(" ", clause) for clause in clauses if len(clause) <= _LONGEST_CLAUSE}
    worked = {each for clause in short if (each := _worked(clause))}
    return worked.pop() if len(worked) == 1 else None


def _worked(clause: str) -> str | None:
    for share, written in _SHARES.items():
        if (match := re.search(share, clause, re.IGNORECASE)) and _is_framed(clause, match[0]):
            return _equation(match.expand(written))
    for expression in sorted(_EXPRESSION.findall(clause), key=len, reverse=True):
        is_sum = not _BARE.fullmatch(expression.strip()) or _ASKS.match(clause)
        if is_sum and _is_framed(clause, expression) and (worked := _equation(" ".join(expression.split()))):
            return worked
    return None


def _is_framed(clause: str, expression: str) -> bool:
    before, _, after = clause.partition(expression)
    return all(word.lower() in _FRAME for word in re.findall(r"\w+|[^\w\s]", f"{before} {after}"))


def _equation(expression: str) -> str | None:
    if len(expression) > _MAX_LENGTH:
        return None
    try:
        tree = parse_expression(re.sub(r"(?<![\d.])0+(?=\d)", "", expression))
        return f"{expression} = {_written(_value(tree))}" if isinstance(tree, ast.BinOp) else None
    except ZeroDivisionError:
        return f"{expression} has no value: it divides by zero"
    except (SyntaxError, ValueError, OverflowError):
        return None


def _value(node: ast.AST) -> Fraction:
    match node:
        case ast.Constant(value=int() | float() as number):
            return Fraction(str(number))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(operand))
        case ast.BinOp(left=base, op=ast.Pow(), right=exponent):
            return _power(_value(base), _value(exponent))
        case ast.BinOp(left=first, op=op, right=second) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(first), _value(second))
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
