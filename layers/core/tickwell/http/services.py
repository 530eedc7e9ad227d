"""What the routes stand on: the use cases, put together by the composition root."""

from dataclasses import dataclass

from tickwell.application.accounts import Login, Logout, Me, Register
from tickwell.application.answers import CountAnswers
from tickwell.application.apply_jobs import ApplyJobs
from tickwell.application.audit import Audit
from tickwell.application.authenticate import Authenticate
from tickwell.application.authenticate_key import AuthenticateKey
from tickwell.application.backfill import Backfill
from tickwell.application.bulk import BulkDeadLetters, BulkJobs
from tickwell.application.create_job import CreateJob
from tickwell.application.create_jobs import CreateJobs
from tickwell.application.dead_letters import DeleteDeadLetter, RetryDeadLetter
from tickwell.application.define_job import DefineJob, FindJob
from tickwell.application.delete_tenant import DeleteTenant
from tickwell.application.edit_job import EditJob
from tickwell.application.emails import ManageEmails, ScheduleEmail
from tickwell.application.end_outside import EndOutside
from tickwell.application.execute_now import ExecuteNow
from tickwell.application.export_tenant import ExportTenant
from tickwell.application.files import ManageFiles
from tickwell.application.generate_image import GenerateImage
from tickwell.application.health import CheckHealth
from tickwell.application.invitations import ManageInvitations
from tickwell.application.list_jobs import ListJobs
from tickwell.application.list_occurrences import ListOccurrences
from tickwell.application.manage_api_keys import ManageApiKeys
from tickwell.application.manage_hooks import ManageHooks
from tickwell.application.manage_job import ChangeJob, GetJob
from tickwell.application.manage_queues import ManageQueues
from tickwell.application.manage_secrets import ManageSecrets
from tickwell.application.organizations import ManageOrganization
from tickwell.application.passwords import ManagePassword
from tickwell.application.ports import Clock, Ids
from tickwell.application.quotas import ReadQuotas
from tickwell.application.read_archive import ReadArchive
from tickwell.application.read_history import ReadHistory
from tickwell.application.read_result import ReadResult
from tickwell.application.receive_message import ReceiveMessage
from tickwell.application.series import ReadSeries
from tickwell.application.statistics import ReadStatistics
from tickwell.application.task import TaskRegistry
from tickwell.application.tickets import ManageTickets
from tickwell.application.usage import ReadUsage
from tickwell.application.webhooks import ManageWebhooks
from tickwell.http.live import Live
from tickwell.http.repeats import Repeats
from tickwell.http.request_limits import RequestLimits


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiServices:
    """Use cases and settings of the API.

    ``allowed_origins`` are exact origins (``https://app.example.com``) whose pages may call the API from a browser.
    ``stage`` names the deployment; ``version`` the release.
    """

    authenticate: Authenticate
    register: Register
    login: Login
    logout: Logout
    passwords: ManagePassword
    organization: ManageOrganization
    invitations: ManageInvitations
    me: Me
    authenticate_key: AuthenticateKey
    api_keys: ManageApiKeys
    tickets: ManageTickets
    quotas: ReadQuotas
    create_job: CreateJob
    create_jobs: CreateJobs
    generate_image: GenerateImage
    schedule_email: ScheduleEmail
    emails: ManageEmails
    define_job: DefineJob
    find_job: FindJob
    apply_jobs: ApplyJobs
    get_job: GetJob
    list_jobs: ListJobs
    manage_queues: ManageQueues
    change_job: ChangeJob
    edit_job: EditJob
    execute_now: ExecuteNow
    list_occurrences: ListOccurrences
    backfill: Backfill
    bulk_jobs: BulkJobs
    end_outside: EndOutside
    files: ManageFiles
    read_history: ReadHistory
    read_result: ReadResult
    repeats: Repeats
    request_limits: RequestLimits
    retry_dead_letter: RetryDeadLetter
    delete_dead_letter: DeleteDeadLetter
    bulk_dead_letters: BulkDeadLetters
    read_archive: ReadArchive
    webhooks: ManageWebhooks
    hooks: ManageHooks
    receive_message: ReceiveMessage
    secrets: ManageSecrets
    audit: Audit
    delete_tenant: DeleteTenant
    export_tenant: ExportTenant
    answers: CountAnswers
    check_health: CheckHealth
    series: ReadSeries
    statistics: ReadStatistics
    live: Live
    usage: ReadUsage
    registry: TaskRegistry
    clock: Clock
    ids: Ids
    version: str
    stage: str
    allowed_origins: tuple[str, ...] = ()
