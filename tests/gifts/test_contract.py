"""The third party's plugin keeps the contract, as its own tests would say."""

from plugins.testing import PluginContract


class TestGifts(PluginContract):
    plugin = "gifts"
