"""What anybody may ask: the offline models work out sums, and quote nothing at those who ask of other things."""

import pytest
from langgraph_moa import create_moa
from langgraph_moa.core.offline.model import OfflineModel
from reading import user

VARIANTS = ["words", "stems", "phrases", "headings"]
EVERYDAY = """
What are the layers of the Earth?
What is a logic gate?
At what age can you vote in Germany?
How do I make a household budget?
Which key is Beethoven's fifth symphony in?
How high may a garden fence be?
How do I write a letter of reference?
What is the quorum of a parliament?
How do I thread a needle?
Which fish live in a mountain stream?
How do I clean a window without streaks?
How long does a batch of cookies need in the oven?
What does a real estate agent do?
What is the normal body temperature?
How do I stop hiccups?
What does it cost to rent a car for a week?
How many calls can a doctor take in a day?
Who answers the phone at night?
How do I fall asleep when it is too hot?
What is the price of a first class stamp?
When does the next train run?
How do I open a jar when the lid is stuck?
Where do penguins live?
What is the longest river in the world?
How many players are on a football team?
Who was the first person on the moon?
What is the capital of Canada?
Name three planets.
What is the plural of mouse?
What is the opposite of cold?
How do you say thank you in Spanish?
Give me a recipe for pancakes.
Write a poem about autumn.
Tell me a joke.
What is the meaning of life?
How old is the universe?
Why is the sky blue?
Why do cats purr?
How do vaccines work?
What does a heart do?
Which country has the most people?
Who invented the telephone?
When did the Second World War end?
How many continents are there?
What is the speed of light?
What is the difference between a crocodile and an alligator?
How do I remove a coffee stain from a shirt?
How do I tie a tie?
What time is it in Tokyo?
What should I cook tonight?
Is a tomato a fruit?
Can dogs eat chocolate?
What is the best way to learn a language?
How do I change a flat tyre?
What rhymes with orange?
How do I reset my password?
My phone does not charge any more, what can I do?
What is a good name for a cat?
Which film won the most Oscars?
Who wrote Hamlet?
How many bones are in the human body?
What do bees make?
Which is the largest animal?
What colour do you get when you mix blue and yellow?
How many days has February in a leap year?
What is the currency of Japan?
How do I write a good cover letter?
How do I sort a list in Python?
What does CPU stand for?
What is a hash table?
How do I make a copy of a file in Linux?
What is the past tense of go?
How do I list files in a Linux shell?
Which layer of the skin is the outermost?
What does the judge say at the end of a trial?
What happens when you mix oil and water?
What happens when a volcano erupts?
How many samples does a blood test need?
Who wins a tie in tennis?
What happens if I do not pay my taxes?
How long can a person hold their breath?
What do I do when my computer hangs?
How do I resume a broken download?
What is the answer to the ultimate question?
Which models of cars are electric?
What is a model of the solar system made of?
How do I report a lost passport?
When should I not use salt?
What is the time limit of a chess game?
Does water expand when it freezes?
How do I draw a graph of a parabola?
How do I calibrate a thermometer?
What are the rules of the game?
Translate 'the gate is open' into Latin.
What is a mixture of salt and water called?
How is a vote counted in the United Nations?
Which questions should I ask in a job interview?
How many tokens do I need to ride the subway?
What is on the front page of the newspaper today?
How many people work here?
Is it going to rain tomorrow?
How do I run a marathon?
What do the words on this sign say?
How do I compare two houses?
What status does a bishop have?
Who pays the costs of a trial?
Name the largest ocean.
Who painted the Mona Lisa?
What does HTTP stand for?
"""
"""Most share words with this package's pages: layers, gates, votes, budgets, keys, models, judges, runs."""
SUMS = {
    "What is 17 * 24?": "408",
    "17 * 24": "408",
    "What is 12 + 30?": "42",
    "How much is 19.99 * 3?": "59.97",
    "what's 5*5": "25",
    "What is 15% of 80?": "12",
    "20 percent of 50": "10",
    "What is 100% of 20?": "20",
    "What is half of 86?": "43",
    "a third of 90": "30",
    "What is a quarter of 60?": "15",
    "twice 21": "42",
    "Hello, can you tell me what 6 * 7 is?": "42",
    "What is 10 minus 4 times 2?": "2",
    "12 plus 30": "42",
    "What is 144 / 12?": "12",
}
NOT_WORKED_OUT = [
    "What is 100 - 10%?",
    "What is 2 + 2 minus three?",
    "What is the square root of 16 + 9?",
    "What is 2 * x + 3 * 4?",
    "What is half of 10 + 4?",
    "twice 3 + 4",
    "12 + 30 percent of 50",
    "3,5 + 2",
    "10:30 + 2",
    "5! + 3",
    "What is 5 + 3 thousand?",
    "What is 5 squared + 2?",
    "50 times 2 percent",
    "Is 2 + 2 = 5?",
    "If I have 12 + 30 apples and eat 5, how many are left?",
    "Multiply 3 * 4 by 5",
    "12 + 30 and then divide by 6",
    "2 + 2 in binary",
    "What is 17 * 24? What is 3 + 4?",
    "two plus two",
]
"""Each holds a sum, or sounds like one, and asks for another number than that."""


@pytest.mark.parametrize("variant", VARIANTS)
def test_nothing_is_quoted_at_who_asks_of_other_things(variant: str) -> None:
    questions = EVERYDAY.strip().splitlines()
    answers = {question: OfflineModel.of(variant).invoke(question).text for question in questions}

    assert len(answers) >= 100
    assert [question for question, answer in answers.items() if "cannot answer this" not in answer] == []


@pytest.mark.parametrize(("question", "value"), SUMS.items())
def test_sums_are_worked_out(question: str, value: str) -> None:
    assert OfflineModel.of("words").invoke(question).text.rpartition(" = ")[2] == value


@pytest.mark.parametrize("question", NOT_WORKED_OUT)
def test_there_is_never_a_wrong_number(question: str) -> None:
    assert "cannot answer this" in OfflineModel.of("words").invoke(question).text


@pytest.mark.parametrize("question", ["How do I change a flat tyre?", "What is 100 - 10%?"])
def test_a_mixture_refuses_as_its_models_do(question: str) -> None:
    moa = create_moa(proposers=[f"offline:{variant}" for variant in VARIANTS], aggregator="offline:words", layers=3)

    assert "cannot answer this" in moa.invoke(user(question))["messages"][-1].text
