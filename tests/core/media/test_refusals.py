"""A server's words are read that its model takes no pictures; each is one of a public report, or an example near it."""

import pytest
from langgraph_moa.core.media.refusals import kinds_refused

PICTURES = [
    "this model does not support image input (ref: x)",  # ollama #17301
    "No endpoints found that support image input",  # OpenRouter, nexu #733
    "Unsupported content part type for text-only server: image_url",  # FreeToken #272
    "messages[466]: unknown variant `image_url`, expected `text` at line 1 column 690848",  # DeepSeek
    "Image input detected, but the loaded model is not configured with a mmproj module.",  # llama-cpp-python
    "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",  # llama.cpp
    "Model does not support images. Please use a model that does.",  # LM Studio
    "At most 0 image(s) may be provided in one prompt.",  # vLLM
    "Invalid content type. image_url is only supported by certain models.",  # OpenAI
    "Image input is not enabled for this model",
    "This model is missing data required for image input",
    "'x' does not have vision capabilities",
    "This model cannot process images",
    "the server can't read image inputs",
]
ALL = [
    "x is not a multimodal model",
    "messages[1].content must be a string",  # Groq
    "messages.content.type 参数非法，取值范围 ['text']",  # Zhipu
    "Multimodal inputs are not supported by this model",
    "Model only supports text input",
]
OTHERS = [
    "Invalid image data",
    "You uploaded an unsupported image. Please make sure your image is of one of the following formats",
    "Failed to download image from https://example.org/a.png",
    "image too large",
    "Could not process image",
    "messages.0.content.1.image.source.base64: Could not process image",
    "Cannot read image: truncated file",
    "image is not supported: corrupt file",
    "image_url is not supported for this file size",
    "The image could not be processed",
    "Invalid image: images are not supported in this encoding",
    "could not process images: one of them is truncated",
    "The model does not support image format webp",
    "This model does not support tools",
    "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
    "stream_options is not supported",
    "model not found",
    "",
]


@pytest.mark.parametrize("words", PICTURES)
def test_pictures_are_refused_in_many_words(words: str) -> None:
    assert kinds_refused(words) == {"image", "image_url"}


@pytest.mark.parametrize("words", ALL)
def test_all_but_text_is_refused_at_once(words: str) -> None:
    assert kinds_refused(words) >= {"image", "pdf", "audio"}


@pytest.mark.parametrize("words", OTHERS)
def test_what_is_wrong_with_one_picture_is_another_matter(words: str) -> None:
    assert kinds_refused(words) == frozenset()


def test_files_and_sound_have_names_of_their_own() -> None:
    assert kinds_refused("audio input is not supported - hint: you may need the mmproj") == {"audio"}
    assert kinds_refused("The model `x` does not support PDF input") == {"pdf", "file"}
