// SPDX-License-Identifier: Apache-2.0
//
// ListFiles: a page of what an attempt's manifest lists.
//
// Thread: any but the core strand; reads the store and the attempt's folder.
#pragma once

#include "api/context.h"
#include "offstage/v1/job_service.pb.h"

namespace offstage::api {

Status list_files(Context& context, const v1::ListFilesRequest& request, v1::ListFilesResponse& response);

}  // namespace offstage::api
