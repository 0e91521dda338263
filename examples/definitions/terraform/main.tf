resource "aws_datapipeline_pipeline" "reports" {
  name = "reports-${var.stage}"
}

resource "aws_datapipeline_pipeline_definition" "reports" {
  pipeline_id = aws_datapipeline_pipeline.reports.id

  pipeline_object {
    id   = "Default"
    name = "Default"
    field {
      key          = "scheduleType"
      string_value = "ondemand"
    }
    field {
      key          = "failureAndRerunMode"
      string_value = "CASCADE"
    }
    field {
      key          = "pipelineLogUri"
      string_value = "s3://${local.bucket}/logs/"
    }
    field {
      key          = "workerGroup"
      string_value = join("-", ["reports", var.stage])
    }
  }

  pipeline_object {
    id   = "Extract"
    name = "Extract"
    field {
      key          = "type"
      string_value = "ShellCommandActivity"
    }
    field {
      key          = "command"
      string_value = "extract --at #{@scheduledStartTime} --to s3://${local.bucket}/"
    }
    field {
      key          = "maximumRetries"
      string_value = "2"
    }
  }
}
