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
from tickwell.application.dead_letters import DeleteDeadLetter
from tickwell.application.define_job import DefineJob, FindJob
from tickwell.application.edit_job import EditJob
from tickwell.application.emails import ManageEmails, ScheduleEmail
from tickwell.application.execute_now import ExecuteNow
from tickwell.application.export_tenant import ExportTenant
from tickwell.application.generate_image import GenerateImage
from tickwell.application.list_jobs import ListJobs
from tickwell.application.list_occurrences import ListOccurrences
from tickwell.application.manage_hooks import ManageHooks
from tickwell.application.manage_job import GetJob
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
    """A list, one entry for each use case. ``guards``: limits, quotas and repeated requests."""
    clock, ids, jobs, blobs = core.clock, core.ids, core.jobs, core.blobs
    create_job = CreateJob(
        jobs=jobs,
        directory=core.directory,
        arming=core.arming,
        registry=registry,
        blobs=blobs,
        clock=clock,
        ids=ids,
        quotas=guards.quotas,
    )
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
        emails=ManageEmails(
            list_jobs=list_jobs,
            get_job=get_job,
            change_job=change_job,
            jobs=jobs,
            history=core.history,
            blobs=blobs,
            counts=measuring.counts,
        ),
        define_job=define_job,
        find_job=FindJob(caller_keys=core.caller_keys, get_job=get_job),
        apply_jobs=ApplyJobs(define_job=define_job),
        get_job=get_job,
        list_jobs=list_jobs,
        change_job=change_job,
        edit_job=EditJob(change_job=change_job, directory=core.directory, registry=registry, blobs=blobs),
        execute_now=ExecuteNow(jobs=jobs, directory=core.directory, arming=core.arming, clock=clock, ids=ids),
        list_occurrences=ListOccurrences(
            jobs=jobs, history=core.history, listing=core.listing, directory=core.directory, clock=clock
        ),
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
        receive_message=ReceiveMessage(
            hooks=hooks,
            secrets=RememberedSecrets(core.tenant_secrets, clock, fresh_for=core.secrets_fresh_for),
            create_job=create_job,
            limiter=guards.limits.limiter,
            clock=clock,
            per_minute=guards.messages_per_minute,
        ),
        retry_dead_letter=retry_dead_letter,
        delete_dead_letter=delete_dead_letter,
        bulk_dead_letters=BulkDeadLetters(
            history=core.history,
            retry_dead_letter=retry_dead_letter,
            delete_dead_letter=delete_dead_letter,
            clock=clock,
        ),
        audit=Audit(log=core.audit_log, clock=clock, ids=ids, retention=core.audit_retention),
        delete_tenant=accounts.delete_tenant(core.erasure),
        export_tenant=export_tenant,
        series=measuring.series(clock),
        statistics=statistics,
        live=Live(get_job=get_job, statistics=statistics, clock=clock),
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
