"""Group texts that nearly repeat one another, by MinHash over their character shingles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from trainer.spec import fold_text

THRESHOLD = 0.8  # Jaccard similarity of the sets of shingles
SHINGLE = 3  # characters
HASHES, BAND = 128, 8  # 16 bands of 8: 0.8 is found at 94%, 0.9 at 99.99%, 0.5 at 6%
NEIGHBOURS = 8  # rows compared with each within a band's bucket; a chain links the rest
CHUNK = 2_000  # rows hashed at a time


def group_near_duplicates(texts: Sequence[str]) -> NDArray[np.int32]:
    """Give each text the number of its group, shape (n,); most are alone in theirs.

    Groups are the connected components of "estimated similarity of at least 0.8", after case and
    white space are folded. Each hash is kept as its lowest byte, so that a band of eight is one
    64-bit key (Broder 1997; Li and König 2010, "b-bit minwise hashing"). The same texts in the
    same order give the same groups.
    """
    n = len(texts)
    signatures = np.concatenate([np.empty((0, HASHES), np.uint8), *_signatures(texts)])
    pairs = np.concatenate(
        [np.empty((0, 2), np.int64), *(_similar(signatures, b) for b in _bands(signatures))]
    )
    links = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    groups: NDArray[np.int32] = connected_components(links, directed=False)[1]
    return groups


def _signatures(texts: Sequence[str]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(texts), CHUNK):
        shingles = [_shingle(text) for text in texts[start : start + CHUNK]]
        offsets = np.cumsum([0, *map(len, shingles)], dtype=np.uint64)
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(
            np.concatenate(shingles), offsets, HASHES, 0
        )
        yield np.array(matrix.to_rows(), np.uint32).astype(np.uint8)


def _shingle(text: str) -> NDArray[np.uint64]:
    """Hash every run of three characters (a shorter text is padded), shape (length - 2,)."""
    codes = np.frombuffer(fold_text(text).ljust(SHINGLE).encode("utf-32-le"), np.uint32)
    codes = codes.astype(np.uint64)
    return _mix(codes[:-2] << np.uint64(42) | codes[1:-1] << np.uint64(21) | codes[2:])


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread 63 bits of character codes over 64 (the finaliser of splitmix64)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _bands(signatures: NDArray[np.uint8]) -> Iterator[NDArray[np.uint64]]:
    for band in range(0, HASHES, BAND):
        yield np.ascontiguousarray(signatures[:, band : band + BAND]).view(np.uint64)[:, 0]


def _similar(signatures: NDArray[np.uint8], band: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Pair the rows that share a band's key and agree in enough hashes, shape (pairs, 2)."""
    order = np.argsort(band, kind="stable")
    found = []
    for step in range(1, NEIGHBOURS + 1):
        left, right = order[:-step], order[step:]
        candidates = np.flatnonzero(band[left] == band[right])
        for some in np.array_split(candidates, len(candidates) // CHUNK + 1):
            pair = np.stack([left[some], right[some]], axis=1)
            agree = (signatures[pair[:, 0]] == signatures[pair[:, 1]]).mean(axis=1)
            found.append(pair[agree >= THRESHOLD])
    return np.concatenate(found)
