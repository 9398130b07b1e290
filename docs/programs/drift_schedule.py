"""A pipeline schedule that detects drift on working days."""

import pulumi_gitlab as gitlab

gitlab.PipelineSchedule("drift", project="42", description="drift", ref="refs/heads/main", cron="0 4 * * 1-5")
