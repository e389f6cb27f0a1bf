from eset_portcheck.api import Credentials as Credentials
from eset_portcheck.api import PortcheckError as PortcheckError
from eset_portcheck.api import Report as Report
from eset_portcheck.api import ReportFileError as ReportFileError
from eset_portcheck.api import Row as Row
from eset_portcheck.api import Settings as Settings
from eset_portcheck.api import Verdict as Verdict
from eset_portcheck.api import WrongUse as WrongUse
from eset_portcheck.api import acheck as acheck
from eset_portcheck.api import check as check
from eset_portcheck.api import load as load
from eset_portcheck.api import rejudge as rejudge
from eset_portcheck.api import render as render

__version__: str
