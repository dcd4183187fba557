// SPDX-License-Identifier: Apache-2.0
#include "api/list_files.h"

#include "api/convert.h"
#include "api/job_view.h"
#include "api/names.h"
#include "api/page_token.h"

namespace offstage::api {

Status list_files(Context& context, const v1::ListFilesRequest& request, v1::ListFilesResponse& response) {
  const auto name = parse_job_or_attempt_name(request.parent(), "parent");
  if (!name) return name.error();
  const auto size = page_size(request.page_size());
  if (!size) return size.error();
  const auto token = request.page_token().empty() ? Result<std::int64_t>(0) : parse_page_token(request.page_token());
  if (!token) return token.error();
  const auto attempt = named_attempt(context, *name);
  if (!attempt) return attempt.error();
  if (!*attempt) return Done{};
  const auto folder = context.pool.folder((*attempt)->id);
  const auto manifest = context.manifests.get((*attempt)->id, folder);
  if (!manifest) return manifest.error();
  const auto& files = (*manifest)->files();
  response.set_attempt(attempt_name(name->job, (*attempt)->id));
  response.set_out_dir((folder / "out").string());
  response.set_total_size(static_cast<std::int32_t>(files.size()));
  response.set_total_bytes((*manifest)->bytes());
  std::size_t bytes = 0;
  for (auto i = static_cast<std::size_t>(*token); i < files.size(); ++i) {
    bytes += files[i].name.size() + sizeof files[i];
    const auto listed = static_cast<std::size_t>(response.files_size());
    if (listed == *size || (listed > 0 && bytes > kPageBytes)) {
      response.set_next_page_token(page_token(static_cast<std::int64_t>(i)));
      break;
    }
    to_file(files[i], *response.add_files());
  }
  return Done{};
}

}  // namespace offstage::api
