-- Neovim's own LSP client with the language server: opens a file, gets its finding, edits, applies
-- the fix, sees the finding vanish.  Run by tests/checks/lsp-neovim.sh, which sets the variables.
local program, file = vim.env.STRAYREF, vim.env.LEAK_C

local function fail(...)
  io.stderr:write(string.format(...) .. "\n")
  vim.cmd("cquit 1")
end

local function wait(what, condition)
  if not vim.wait(60000, condition, 20) then
    fail("timed out: %s; %s", what, vim.inspect(vim.diagnostic.get(0)))
  end
  print("ok: " .. what .. "\n")
end

local function run()
  vim.cmd("edit " .. file)
  local client = vim.lsp.start_client({
    name = "strayref",
    cmd = { program, "lsp" },
    root_dir = vim.fn.fnamemodify(file, ":h"),
  })
  vim.lsp.buf_attach_client(0, client)
  wait("the finding is there", function() return #vim.diagnostic.get(0) == 1 end)
  local found = vim.diagnostic.get(0)[1]
  if found.lnum ~= 10 or found.source ~= "strayref" or not found.message:find("list") then
    fail("another finding: %s", vim.inspect(found))
  end

  vim.api.nvim_buf_set_lines(0, 0, 0, false, { "/* a new first line */" })
  wait("it moves with its line", function()
    local now = vim.diagnostic.get(0)
    return #now == 1 and now[1].lnum == 11
  end)

  vim.api.nvim_win_set_cursor(0, { 12, 8 })
  local params = vim.lsp.util.make_range_params()
  params.context = { diagnostics = vim.lsp.diagnostic.get_line_diagnostics(0, 11) }
  local answers = vim.lsp.buf_request_sync(0, "textDocument/codeAction", params, 60000)
  local fix
  for _, answer in pairs(answers or {}) do
    for _, action in ipairs(answer.result or {}) do
      fix = action.title:find("verified)", 1, true) and action or fix
    end
  end
  if not fix then
    fail("no fix: %s", vim.inspect(answers))
  end
  vim.lsp.util.apply_workspace_edit(fix.edit, "utf-16")
  wait("the fix is applied and the finding is gone", function()
    return #vim.diagnostic.get(0) == 0
  end)
  if not table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n"):find("Py_DECREF%(list%)") then
    fail("the text is not what the fix says")
  end
  vim.cmd("undo")
  wait("undone, it is back", function() return #vim.diagnostic.get(0) == 1 end)
  vim.cmd("quitall!")
end

local good, message = pcall(run)
if not good then
  fail("%s", message)
end
