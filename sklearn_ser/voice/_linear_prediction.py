"""Linear prediction of all frames at once: autocorrelations, coefficients, and their poles."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy.fft

__all__ = ["Poles", "autocorrelation", "find_poles", "predict"]

# Points of the circle that poles are looked for on, and the bandwidth of a pole that lies on it.
_GRID = 256
_CIRCLE_HZ = 200.0
# What a step of Newton's method moves a pole by at most that is found, as an angle.
_CONVERGED = 1e-3
# Rounding must make no predictor unstable: white noise that is added, as a share of the power,
# and the largest reflection coefficient.
_WHITE_NOISE = 1e-6
_LARGEST_REFLECTION = 0.99999


class Poles(NamedTuple):
    """Poles in the upper half plane, ordered by frame and then by frequency.

    Attributes
    ----------
    frame : ndarray of shape (n_poles,), int
        The frame that each belongs to.
    frequency, bandwidth : ndarray of shape (n_poles,)
        In Hz.
    """

    frame: np.ndarray
    frequency: np.ndarray
    bandwidth: np.ndarray


def autocorrelation(power: np.ndarray, n_lags: int) -> np.ndarray:
    """Return the autocorrelation that belongs to each power spectrum, up to a factor.

    Parameters
    ----------
    power : ndarray of shape (n_frames, n_bins)
        From 0 Hz to half the rate of the signal that is meant.
    n_lags : int
        Number of lags.

    Returns
    -------
    ndarray of shape (n_frames, n_lags)
        From lag 0 on.
    """
    return np.einsum("ij,kj->ik", power, _cosines(power.shape[1], n_lags))


@lru_cache(maxsize=32)
def _cosines(n_bins: int, n_lags: int) -> np.ndarray:
    """Return the inverse transform of a real, even spectrum as a matrix, (n_lags, n_bins)."""
    angles = np.pi / (n_bins - 1) * np.outer(np.arange(n_lags), np.arange(n_bins))
    weights = np.full(n_bins, 2.0)
    weights[[0, -1]] = 1
    cosines = (np.cos(angles) * weights / weights.sum()).astype(np.float32)
    cosines.setflags(write=False)
    return cosines


def predict(correlations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Solve the normal equations of every frame by the recursion of Levinson and Durbin.

    Parameters
    ----------
    correlations : ndarray of shape (n_frames, order + 1)
        As :func:`autocorrelation` gives. Where lag 0 is not above 0, nothing is predicted.

    Returns
    -------
    coefficients : ndarray of shape (order + 1, n_frames), float64
        Of the inverse filter, beginning with 1.
    error : ndarray of shape (n_frames,)
        What is left of the power, as a share of it.
    """
    r = correlations.T.astype(np.float64)
    r /= np.where(r[0] > 0, r[0] * (1 + _WHITE_NOISE), np.inf)
    coefficients, error = np.zeros_like(r), np.ones(r.shape[1])
    coefficients[0] = 1
    for m in range(1, len(r)):
        known = coefficients[:m]
        reflection = np.einsum("ij,ij->j", known, r[m:0:-1])
        reflection /= -error
        np.clip(reflection, -_LARGEST_REFLECTION, _LARGEST_REFLECTION, out=reflection)
        coefficients[1 : m + 1] += reflection * known[::-1]
        error *= 1 - np.square(reflection)
    return coefficients, error


def find_poles(coefficients: np.ndarray, sample_rate: float) -> Poles:
    """Find the resonances of every frame's predictor: the conjugate pairs of its poles.

    The eigenvalues of one matrix a frame would take several times as long as all the rest. So the
    inverse filter is evaluated on a circle inside the unit circle, where its minima stand out even
    where two formants are near, and each minimum is followed to the zero beside it. Zeros too wide
    to be seen so are those of what is left when the others are divided out.

    Parameters
    ----------
    coefficients : ndarray of shape (order + 1, n_frames)
        As :func:`predict` gives, of an even order.
    sample_rate : float
        Of the predicted signal, in Hz.

    Returns
    -------
    Poles
        At most half of the order for a frame.
    """
    frame, pole = _narrow_poles(coefficients, sample_rate)
    rest = _divide_out(coefficients, frame, pole)
    wide_frame, wide = _wide_poles(rest, np.bincount(frame, minlength=coefficients.shape[1]))
    frame, pole = np.concatenate([frame, wide_frame]), np.concatenate([pole, wide])
    frequency = np.angle(pole) * (sample_rate / (2 * np.pi))
    order = np.lexsort((frequency, frame))
    bandwidth = np.log(np.abs(pole)) * (-sample_rate / np.pi)
    return Poles(frame[order], frequency[order], bandwidth[order])


def _narrow_poles(coefficients: np.ndarray, sample_rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Return frame and place of the poles near the circle, by frame and frequency."""
    radius = np.exp(-np.pi * _CIRCLE_HZ / sample_rate)
    scaled = coefficients / radius ** np.arange(len(coefficients))[:, None]
    values = scipy.fft.rfft(_padded(scaled.T))
    frame, point = _minima(values)
    scaled = scaled[:, frame]
    with np.errstate(all="ignore"):  # what leads nowhere is not found
        angle = 2 * np.pi / _GRID * point + _muller(values, frame, point)
        angle -= _newton(scaled, angle)
        step = _newton(scaled, angle)
        angle -= step
        is_found = (np.abs(step) < _CONVERGED) & (angle.real > 0) & (angle.real < np.pi)
        # Two minima may lead to one zero.
        is_found[1:] &= (np.abs(np.diff(angle)) > _CONVERGED) | (frame[1:] != frame[:-1])
    return frame[is_found], radius * np.exp(1j * angle[is_found])


def _padded(rows: np.ndarray) -> np.ndarray:
    # scipy.fft pads too, but takes longer to than the transform itself.
    padded = np.zeros((len(rows), _GRID), dtype=np.float32)
    padded[:, : rows.shape[1]] = rows
    return padded


def _divide_out(coefficients: np.ndarray, frame: np.ndarray, pole: np.ndarray) -> np.ndarray:
    """Return the polynomials, (order + 1, n_frames), without their known conjugate pairs."""
    known = np.zeros_like(coefficients)
    known[0] = 1
    nth = np.arange(len(frame)) - np.searchsorted(frame, frame)
    pairs = np.zeros((int(nth.max(initial=-1)) + 1, coefficients.shape[1]), dtype=np.complex128)
    pairs[nth, frame] = pole
    for pair in pairs:
        before = known.copy()
        known[1:] -= 2 * pair.real * before[:-1]
        known[2:] += (np.square(pair.real) + np.square(pair.imag)) * before[:-2]
    rest = coefficients.copy()
    for i in range(1, len(rest)):
        rest[i] -= np.einsum("ij,ij->j", known[i:0:-1], rest[:i])
    return rest


def _wide_poles(rest: np.ndarray, n_known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return frame and place of the other poles in the upper half plane."""
    n_pairs = (len(rest) - 1) // 2
    frames, poles = [np.empty(0, np.intp)], [np.empty(0, np.complex128)]
    for n_missing in range(1, n_pairs + 1):
        some = np.flatnonzero(n_known == n_pairs - n_missing)
        if not len(some):
            continue
        roots = _roots(rest[1 : 2 * n_missing + 1, some].T)
        row, column = np.nonzero(roots.imag > 0)
        frames.append(some[row])
        poles.append(roots[row, column])
    return np.concatenate(frames), np.concatenate(poles)


def _roots(coefficients: np.ndarray) -> np.ndarray:
    """Return the zeros of ``z**d + coefficients[:, 0] * z**(d - 1) + ...`` by row, d even."""
    n_rows, degree = coefficients.shape
    if degree == 2:
        half = -coefficients[:, 0] / 2
        root = np.sqrt((np.square(half) - coefficients[:, 1]).astype(np.complex128))
        return np.stack([half + root, half - root], axis=1)
    companions = np.zeros((n_rows, degree, degree))
    companions[:, 0] = -coefficients
    companions[:, np.arange(1, degree), np.arange(degree - 1)] = 1
    return np.linalg.eigvals(companions)


def _minima(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return frame and point of every local minimum of the magnitude, by frame."""
    power = np.square(values.real)
    power += np.square(values.imag)
    falls = power[:, 1:] < power[:, :-1]
    n_points = falls.shape[1] - 1
    place = np.flatnonzero(falls[:, :-1] > falls[:, 1:])
    return place // n_points, place % n_points + 1


def _muller(values: np.ndarray, frame: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Return how far the zero lies from each point, as a complex angle."""
    step = 2 * np.pi / _GRID
    here = values[frame, point].astype(np.complex128)
    before, behind = values[frame, point - 1], values[frame, point + 1]
    slope = (behind - before) / (2 * step)
    bend = (behind - 2 * here + before) / step**2
    root = np.sqrt(np.square(slope) - 2 * bend * here)
    # Of the two zeros of the parabola the nearer one.
    root = np.where((slope.conj() * root).real < 0, -root, root)
    return -2 * here / (slope + root)


def _newton(coefficients: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Return the step of Newton's method, as a complex angle."""
    unit = np.exp(-1j * angle)
    value = np.full(len(angle), coefficients[-1], dtype=np.complex128)
    slope = np.zeros_like(value)
    for row in coefficients[-2::-1]:
        slope *= unit
        slope += value
        value *= unit
        value += row
    return value / (-1j * unit * slope)
