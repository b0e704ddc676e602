"""What can go wrong around the Asterisk process; each message names cause and cure."""

from dispatch.domain.errors import HotlineError


class ProgramMissing(HotlineError):
    """没有找到所需的程序，请先执行 make setup"""

    code = "program-missing"


class InstallFailed(HotlineError):
    """程序安装失败"""

    code = "install-failed"


class BadConfiguration(HotlineError):
    """Asterisk 配置有误"""

    code = "asterisk-bad-configuration"


class StartFailed(HotlineError):
    """Asterisk 启动失败"""

    code = "asterisk-start-failed"


class PortTaken(StartFailed):
    """Asterisk 需要的端口已被占用"""

    code = "asterisk-port-taken"


class AmiRefused(HotlineError):
    """Asterisk 管理接口没有应答或拒绝登录"""

    code = "ami-refused"


class CallFailed(HotlineError):
    """测试电话未能打通"""

    code = "test-call-failed"
