variable "stage" {
  default = "test"
}

locals {
  bucket = "acme-reports-${var.stage}"
}
