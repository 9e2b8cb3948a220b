"""`fqtl.release.calibration` under the names that scripts may know it by."""

from fqtl.release.calibration import calibrate, pi0, q_values

null_share = pi0

__all__ = ["calibrate", "null_share", "pi0", "q_values"]
