"""What /train does."""

from __future__ import annotations

from bot.asking import Feature, Listener, Modal, threaded
from bot.commands.train import (
    AddData,
    AddSample,
    CancelJob,
    DeleteData,
    ListData,
    ListJobs,
    ListModels,
    Promote,
    RenameData,
    RetryJob,
    Rollback,
    ShowData,
    ShowJob,
    ShowLogs,
    Train,
)
from bot.train import approval, datasets, intake, jobs, mine, offer, plan, promote, queue

FEATURE = Feature(
    commands={
        Train: threaded(queue.train),
        RetryJob: threaded(queue.retry),
        ListJobs: threaded(jobs.list_jobs),
        ShowJob: threaded(jobs.show_job),
        CancelJob: threaded(jobs.cancel),
        ShowLogs: threaded(jobs.show_logs),
        ListModels: threaded(promote.list_models),
        Promote: promote.promote,
        Rollback: promote.roll_back,
        ListData: threaded(datasets.list_data),
        ShowData: threaded(datasets.show_data),
        AddData: intake.open_form,
        AddSample: intake.add_sample,
        RenameData: threaded(datasets.rename),
        DeleteData: threaded(datasets.ask_to_delete),
    },
    buttons={
        "plan_queue": threaded(queue.queue_plan),
        "plan_change": queue.open_change,
        "plan_drop": threaded(queue.drop_plan),
        "plan_ask": threaded(approval.ask),
        "plan_approve": threaded(approval.approve),
        "plan_decline": threaded(approval.decline),
        "retry": threaded(queue.press_retry),
        "stop": threaded(jobs.press_stop),
        "logs": threaded(jobs.press_logs),
        "promote": promote.press_promote,
        "rollback": promote.press_roll_back,
        "use_file": intake.press_use,
        "use_columns": threaded(intake.use_columns),
        "text_column": intake.ignore_choice,
        "label_column": intake.ignore_choice,
        "train_on": threaded(datasets.train_on),
        "delete_data": threaded(datasets.delete),
        "keep_data": threaded(datasets.keep),
    },
    modals={
        "plan_change": Modal(queue.change_plan, plan.check_form),
        "add_data": Modal(intake.take_form, intake.check_form),
    },
    shortcuts={"use_as_data_set": intake.take_shortcut},
    events={
        "file_shared": Listener(offer.hear_file, lambda event: bool(event.get("file_id"))),
        "app_mention": Listener(intake.hear_mention, lambda event: bool(event.get("files"))),
    },
    home=(mine.home,),
)
