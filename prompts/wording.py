"""Other words for the same task, so that samples differ whose model would answer each of them alike.

After SC-MoA (arXiv 2605.29116), whose samples differ by wordings of one meaning, and not by a temperature. Here our own
words around the conversation change, and never the user's: nobody has to check what they mean.
"""

from .template import bundled


def wording(number: int) -> str:
    """Return how a sample is told what to do; nothing for the first one, which is asked as if there were no other.

    Args:
        number: Which sample it is, from 0; one hundred are told so in different words.
    """
    if number < 1:
        return ""
    tasks, cares = (part.splitlines() for part in bundled("wordings").text.split("\n\n"))
    task, care = tasks[(number - 1) % len(tasks)], ["", *cares][(number - 1) // len(tasks) % (len(cares) + 1)]
    return f"{task} {care}".rstrip()
