"""What the HTTP routes stand on: the use cases that the API offers, put on a core."""

from tickwell import __version__
from tickwell.adapters.blob_archive import BlobArchive
from tickwell.application.answers import CountAnswers
from tickwell.application.apply_jobs import ApplyJobs
from tickwell.application.audit import Audit
from tickwell.application.backfill import Backfill
from tickwell.application.bulk import BulkDeadLetters, BulkJobs
from tickwell.application.create_job import CreateJob
from tickwell.application.create_jobs import STEP, CreateJobs
from tickwell.application.dead_letters import DeleteDeadLetter, RetryDeadLetter
from tickwell.application.define_job import DefineJob, FindJob
from tickwell.application.edit_job import EditJob
from tickwell.application.emails import ManageEmails, ScheduleEmail
from tickwell.application.execute_now import ExecuteNow
from tickwell.application.export_tenant import ExportTenant
from tickwell.application.generate_image import GenerateImage
from tickwell.application.list_jobs import ListJobs
from tickwell.application.list_occurrences import ListOccurrences
from tickwell.application.manage_hooks import ManageHooks
from tickwell.application.manage_job import ChangeJob, GetJob
from tickwell.application.manage_secrets import ManageSecrets
from tickwell.application.ports import HookStore
from tickwell.application.read_archive import ReadArchive
from tickwell.application.read_history import ReadHistory
from tickwell.application.read_result import ReadResult
from tickwell.application.receive_message import ReceiveMessage
from tickwell.application.remembered_secrets import RememberedSecrets
from tickwell.application.task import TaskRegistry
from tickwell.application.webhooks import ManageWebhooks
from tickwell.bootstrap.accounts import Accounts
from tickwell.bootstrap.core import Core
from tickwell.bootstrap.filing import Filing
from tickwell.bootstrap.limits import Guards
from tickwell.bootstrap.measuring import Measuring
from tickwell.bootstrap.outbound import Notifying
from tickwell.http.live import Live
from tickwell.http.repeats import Repeats
from tickwell.http.services import ApiServices


def api_services(  # noqa: PLR0913 - the parts of which each engine has its own
    core: Core,
    *,
    accounts: Accounts,
    notifying: Notifying,
    hooks: HookStore,
    measuring: Measuring,
    registry: TaskRegistry,
    guards: Guards,
    export_tenant: ExportTenant,
    filing: Filing,
    stage: str,
    allowed_origins: tuple[str, ...],
) -> ApiServices:
    """A list, one line for each use case; what takes more is below. ``guards``: limits, quotas, repeated requests."""
    clock, ids, jobs, blobs = core.clock, core.ids, core.jobs, core.blobs
    create_job = _create_job(core, registry, guards)
    change_job = core.change_job()
    get_job = GetJob(jobs=jobs, directory=core.directory, history=core.history, blobs=blobs, clock=clock)
    define_job = DefineJob(create_job=create_job, change_job=change_job, caller_keys=core.caller_keys)
    retry_dead_letter = core.retry_dead_letter(registry, guards.quotas)
    delete_dead_letter = DeleteDeadLetter(history=core.history, blobs=blobs)
    manage_queues = core.manage_queues()
    list_jobs = ListJobs(listing=core.listing, directory=core.directory, clock=clock)
    statistics = measuring.statistics(jobs, list_jobs, clock)
    return ApiServices(
        authenticate=accounts.authenticate(),
        register=accounts.register(),
        login=accounts.login(),
        logout=accounts.logout(),
        me=accounts.me(),
        passwords=accounts.passwords(),
        organization=accounts.organization(),
        invitations=accounts.invitations(guards.quotas),
        authenticate_key=accounts.authenticate_key(),
        api_keys=accounts.manage_api_keys(),
        tickets=accounts.manage_tickets(),
        quotas=accounts.read_quotas(guards.quotas, queues=core.queues, webhooks=notifying.webhooks),
        create_job=create_job,
        create_jobs=CreateJobs(create_job=create_job, step=core.jobs_at_once or STEP),
        generate_image=GenerateImage(create_job=create_job),
        schedule_email=ScheduleEmail(create_job=create_job, manage_queues=manage_queues),
        emails=_manage_emails(core, measuring, list_jobs, get_job, change_job),
        define_job=define_job,
        find_job=FindJob(caller_keys=core.caller_keys, get_job=get_job),
        apply_jobs=ApplyJobs(define_job=define_job),
        get_job=get_job,
        list_jobs=list_jobs,
        change_job=change_job,
        edit_job=EditJob(change_job=change_job, directory=core.directory, registry=registry, blobs=blobs),
        execute_now=ExecuteNow(jobs=jobs, directory=core.directory, arming=core.arming, clock=clock, ids=ids),
        list_occurrences=_list_occurrences(core),
        backfill=Backfill(jobs=jobs, history=core.history, directory=core.directory, arming=core.arming, clock=clock),
        files=filing.manage(blobs, clock),
        bulk_jobs=BulkJobs(jobs=jobs, change_job=change_job, clock=clock),
        manage_queues=manage_queues,
        end_outside=core.end_outside(),
        read_history=ReadHistory(jobs=jobs, history=core.history, blobs=blobs, notifications=notifying.records),
        read_result=ReadResult(jobs=jobs, history=core.history, blobs=blobs, link_files=filing.link_files(clock)),
        request_limits=guards.limits,
        repeats=Repeats(submissions=guards.submissions, clock=clock, ids=ids),
        read_archive=ReadArchive(archive=BlobArchive(blobs), blobs=blobs),
        webhooks=ManageWebhooks(webhooks=notifying.webhooks, clock=clock, ids=ids),
        secrets=ManageSecrets(secrets=core.tenant_secrets),
        hooks=ManageHooks(hooks=hooks, directory=core.directory, registry=registry, clock=clock, ids=ids),
        receive_message=_receive_message(core, guards, hooks, create_job),
        retry_dead_letter=retry_dead_letter,
        delete_dead_letter=delete_dead_letter,
        bulk_dead_letters=_bulk_dead_letters(core, retry_dead_letter, delete_dead_letter),
        audit=Audit(log=core.audit_log, clock=clock, ids=ids, retention=core.audit_retention),
        delete_tenant=accounts.delete_tenant(core.erasure),
        export_tenant=export_tenant,
        series=measuring.series(clock),
        statistics=statistics,
        live=Live(get_job=get_job, statistics=statistics, clock=clock, ids=ids),
        usage=measuring.usage(clock),
        answers=CountAnswers(clock),
        check_health=measuring.health(jobs=jobs, lanes=core.arming.lanes, far_timer=core.arming.far_timer, clock=clock),
        registry=registry,
        clock=clock,
        ids=ids,
        version=__version__,
        stage=stage,
        allowed_origins=allowed_origins,
    )


def _create_job(core: Core, registry: TaskRegistry, guards: Guards) -> CreateJob:
    return CreateJob(
        jobs=core.jobs,
        directory=core.directory,
        arming=core.arming,
        registry=registry,
        blobs=core.blobs,
        clock=core.clock,
        ids=core.ids,
        quotas=guards.quotas,
    )


def _list_occurrences(core: Core) -> ListOccurrences:
    return ListOccurrences(
        jobs=core.jobs, history=core.history, listing=core.listing, directory=core.directory, clock=core.clock
    )


def _manage_emails(
    core: Core, measuring: Measuring, list_jobs: ListJobs, get_job: GetJob, change_job: ChangeJob
) -> ManageEmails:
    return ManageEmails(
        list_jobs=list_jobs,
        get_job=get_job,
        change_job=change_job,
        jobs=core.jobs,
        history=core.history,
        blobs=core.blobs,
        counts=measuring.counts,
    )


def _receive_message(core: Core, guards: Guards, hooks: HookStore, create_job: CreateJob) -> ReceiveMessage:
    return ReceiveMessage(
        hooks=hooks,
        secrets=RememberedSecrets(core.tenant_secrets, core.clock, fresh_for=core.secrets_fresh_for),
        create_job=create_job,
        limiter=guards.limits.limiter,
        clock=core.clock,
        per_minute=guards.messages_per_minute,
    )


def _bulk_dead_letters(
    core: Core, retry_dead_letter: RetryDeadLetter, delete_dead_letter: DeleteDeadLetter
) -> BulkDeadLetters:
    return BulkDeadLetters(
        history=core.history,
        retry_dead_letter=retry_dead_letter,
        delete_dead_letter=delete_dead_letter,
        clock=core.clock,
    )
